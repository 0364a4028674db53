// Package wechat signs users in with WeChat.
package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// Options of the provider. Application id and secret are required.
type Options struct {
	// AppID is what WeChat calls the client id, AppSecret the client secret.
	AppID, AppSecret string
	// Scopes are asked for besides snsapi_login.
	Scopes []string
	social.Settings

	// Language of the pages, "cn" or "en". Default "cn".
	Language string
}

const api = "https://api.weixin.qq.com/sns"

// New returns the provider.
func New(o Options) social.Provider {
	if o.Language == "" {
		o.Language = "cn"
	}
	return social.Definition{
		ID: "wechat", Name: "WeChat",
		AuthorizationEndpoint: "https://open.weixin.qq.com/connect/qrconnect#wechat_redirect",
		TokenEndpoint:         api + "/oauth2/access_token",
		ClientIDName:          "appid",
		DefaultScopes:         []string{"snsapi_login"},
		ScopeSeparator:        ",",
		SecretRequired:        true,
		WithoutPKCE:           true,
		Params:                social.Params{{Name: "lang", Value: o.Language}},
		ExchangeCode:          o.exchange,
		RefreshTokens:         o.refresh,
		Fetch:                 fetch,
		Profile:               profile,
	}.New(social.Client{ID: o.AppID, Secret: o.AppSecret, Scopes: o.Scopes, Settings: o.Settings})
}

func (o Options) exchange(ctx context.Context, k *core.Kernel, r social.CodeExchange) (*social.Tokens, error) {
	return tokens(ctx, k, "/oauth2/access_token", url.Values{
		"appid": {o.AppID}, "secret": {o.AppSecret}, "code": {r.Code}, "grant_type": {"authorization_code"},
	})
}

func (o Options) refresh(ctx context.Context, k *core.Kernel, refreshToken string) (*social.Tokens, error) {
	return tokens(ctx, k, "/oauth2/refresh_token", url.Values{
		"appid": {o.AppID}, "refresh_token": {refreshToken}, "grant_type": {"refresh_token"},
	})
}

// tokens gets tokens the way WeChat wants it: everything in the query.
func tokens(ctx context.Context, k *core.Kernel, path string, query url.Values) (*social.Tokens, error) {
	answer, err := get(ctx, k, path, query)
	if err != nil {
		return nil, err
	}
	return social.ParseTokens(answer, k.Now())
}

// get sends a request. WeChat says errors with status 200.
func get(ctx context.Context, k *core.Kernel, path string, query url.Values) (map[string]any, error) {
	answer, err := social.GetProfile(ctx, k, social.ProfileRequest{URL: api + path + "?" + query.Encode()})
	if err != nil {
		return nil, err
	}
	if code, failed := answer["errcode"].(float64); failed && code != 0 {
		return nil, fmt.Errorf("wechat answered with the error %v", code)
	}
	return answer, nil
}

func fetch(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error) {
	openID := social.Text(g.Raw, "openid")
	if openID == "" {
		return nil, errors.New("the openid of the user is not known")
	}
	return get(ctx, k, "/userinfo", url.Values{"access_token": {g.AccessToken}, "openid": {openID}, "lang": {"zh_CN"}})
}

func profile(raw map[string]any) *social.Profile {
	p := &social.Profile{
		Subject: social.Text(raw, "unionid", "openid"), Name: social.Text(raw, "nickname"),
		Email: social.Text(raw, "email"), Image: social.Text(raw, "headimgurl"),
	}
	if p.Email == "" {
		p.Email = social.Placeholder(p.Subject, "wechat")
	}
	return p
}
